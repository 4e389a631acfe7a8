package app

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/web"
)

// settings are those in force, for the admin's page. What is said of each is read from the tags that the command line reads, too.
func (c Config) settings() []web.SettingGroup {
	groups := []web.SettingGroup{
		c.group("Where connectd is", c.PlaceSettings),
		c.group("Database", c.Database),
		c.group("Stripe", c.Stripe),
		c.group("Checks, events and access", c.Service),
		c.group("What sellers see", c.Service.BrandSettings),
		c.group("Mail", c.Service.MailSettings),
		c.group("Log", c.Log),
	}
	groups[0].Settings = append(groups[0].Settings, c.environment())
	return groups
}

// environment is the setting that chooses the file from which the others may come.
func (c Config) environment() web.Setting {
	s := web.Setting{Name: "CONNECTD_ENV", Flag: "--env", Default: "development", Help: "development or production: which .env file is read."}
	s.Value, s.From = os.Getenv(s.Name), cmp.Or(c.Origins["env"], "the environment")
	if s.Value == "" {
		s.Value, s.From = s.Default, byDefault
	}
	return s
}

const (
	byDefault = "the default"
	ownValue  = "connectd itself"
)

// group lists the settings of a struct, and of what it embeds unless that is a group of its own.
func (c Config) group(title string, of any) web.SettingGroup {
	g := web.SettingGroup{Title: title}
	v := reflect.ValueOf(of)
	for i := range v.NumField() {
		field := v.Type().Field(i)
		switch {
		case field.Type == reflect.TypeFor[StripeLimits]():
			g.Settings = append(g.Settings, c.group("", v.Field(i).Interface()).Settings...)
		case !field.Anonymous:
			g.Settings = append(g.Settings, c.setting(field.Tag, v.Field(i)))
		}
	}
	return g
}

func (c Config) setting(tag reflect.StructTag, v reflect.Value) web.Setting {
	s := web.Setting{
		Name: tag.Get("env"), Flag: "--" + tag.Get("name"), Default: tag.Get("default"),
		Help: strings.ReplaceAll(tag.Get("help"), "${enum}", tag.Get("enum")),
	}
	s.Value, s.Hidden = shown(tag, v)
	switch from, known := c.Origins[tag.Get("name")]; {
	case known:
		s.From = from
	case v.IsZero(), s.Value == s.Default && !s.Hidden:
		s.From = byDefault
	default:
		s.From = ownValue
	}
	return s
}

// shown is a value as people may see it: of a secret that is a URL its host, of any other nothing; "" where none is set.
func shown(tag reflect.StructTag, v reflect.Value) (value string, hidden bool) {
	switch of := v.Interface().(type) {
	case stripeapi.Secret:
		if tag.Get("placeholder") == "URL" {
			return hostOf(string(of)), of != ""
		}
		return "", of != ""
	case []stripeapi.Secret:
		return "", len(of) > 0
	case time.Duration:
		return tidy(of), false
	case []string:
		return strings.Join(of, ","), false
	case string:
		return withoutUserinfo(of), false
	default:
		return fmt.Sprint(of), false
	}
}

// hostOf is where a URL with a password leads, "" where that can't be told from the password for certain.
func hostOf(secret string) string {
	u, err := url.Parse(secret)
	if err != nil || strings.Contains(u.Path+u.RawQuery+u.Fragment, "@") {
		return ""
	}
	return u.Host
}

// withoutUserinfo: nobody is kept from writing a password into a URL that is no secret otherwise.
func withoutUserinfo(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.User == nil {
		return value
	}
	u.User = nil
	return u.String()
}

// tidy is a duration as people write it: 672h, not 672h0m0s.
func tidy(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
